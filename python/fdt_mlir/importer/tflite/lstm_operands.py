"""Places of the operands of an LSTM; by gate where there are four: input, forget, cell, output."""

INPUT_WEIGHTS, RECURRENT_WEIGHTS, BIASES = range(1, 5), range(5, 9), range(12, 16)
PEEPHOLES, PROJECTION, NORMALISATION = range(9, 12), range(16, 18), range(20, 24)
OUTPUT_STATE, CELL_STATE = 18, 19
