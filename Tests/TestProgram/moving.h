#pragma once

// What does not stand still while it is profiled: see main.c. Each returns what the program is to
// end with, or does not return.
int births(long count);
int children(long count);
int libraries(const char *first, const char *second);
