// Stands for an Arduino core on this machine: the serial port is standard output, no time passes.
#pragma once
#include <stdio.h>

class SerialPort {
 public:
  void begin(unsigned long) {}
  void println(const char *line) { puts(line); }
};
extern SerialPort Serial;

void delay(unsigned long milliseconds);
void setup();
void loop();
