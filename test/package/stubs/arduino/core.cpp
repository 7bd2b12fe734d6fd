#include "Arduino.h"

SerialPort Serial;

void delay(unsigned long) {}

int main() {
  setup();
  loop();
}
