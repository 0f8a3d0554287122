#define _GNU_SOURCE
#include "CMath.h"

#include <math.h>

double pitot_exp(double x) { return exp(x); }
double pitot_log(double x) { return log(x); }
double pitot_log1p(double x) { return log1p(x); }
double pitot_expm1(double x) { return expm1(x); }
double pitot_cos(double x) { return cos(x); }
double pitot_erfc(double x) { return erfc(x); }
double pitot_asin(double x) { return asin(x); }

// lgamma writes the global signgam; the reentrant form keeps the core free of shared state.
double pitot_lgamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}
