#pragma once
// Prints "number N", then "ready", and goes on for ever: processes of number N, each of which lives
// for less than `longest` microseconds.
int recycle(long longest);
