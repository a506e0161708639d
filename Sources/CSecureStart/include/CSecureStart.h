// What happens before anything of Swift runs in a program whose file has capabilities; see
// SecureStart.c. There is nothing to call.
#pragma once
