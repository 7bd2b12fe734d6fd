// Runs the model @NAME@ on made-up inputs, once a second, and prints its outputs.
#include <Arduino.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <@NAME@.h>

static void print_line(const char *line) { Serial.println(line); }

@BODY@
void setup() {@RESET@
  Serial.begin(115200);
}

void loop() {
  run_model_once();
  delay(1000);
}
