// Mathematics without Glibc: importing Glibc would also expose clocks and I/O to the pure core.
#ifndef PITOT_CMATH_H
#define PITOT_CMATH_H
double pitot_exp(double);
double pitot_log(double);
double pitot_log1p(double);
double pitot_lgamma(double);
double pitot_expm1(double);
double pitot_cos(double);
double pitot_erfc(double);
double pitot_asin(double);
double pitot_log2(double);
double pitot_log10(double);
double pitot_pow(double, double);
double pitot_exp2(double);
double pitot_sin(double);
double pitot_tan(double);
double pitot_acos(double);
double pitot_atan(double);
double pitot_sinh(double);
double pitot_cosh(double);
double pitot_tanh(double);
double pitot_asinh(double);
double pitot_acosh(double);
double pitot_atanh(double);
double pitot_atan2(double, double);
double pitot_fmod(double, double);
#endif
