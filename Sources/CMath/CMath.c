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
double pitot_log2(double x) { return log2(x); }
double pitot_log10(double x) { return log10(x); }
double pitot_pow(double x, double y) { return pow(x, y); }
double pitot_exp2(double x) { return exp2(x); }
double pitot_sin(double x) { return sin(x); }
double pitot_tan(double x) { return tan(x); }
double pitot_acos(double x) { return acos(x); }
double pitot_atan(double x) { return atan(x); }
double pitot_sinh(double x) { return sinh(x); }
double pitot_cosh(double x) { return cosh(x); }
double pitot_tanh(double x) { return tanh(x); }
double pitot_asinh(double x) { return asinh(x); }
double pitot_acosh(double x) { return acosh(x); }
double pitot_atanh(double x) { return atanh(x); }
double pitot_atan2(double y, double x) { return atan2(y, x); }
double pitot_fmod(double x, double y) { return fmod(x, y); }

// lgamma writes the global signgam; the reentrant form keeps the core free of shared state.
double pitot_lgamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}
