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
#endif
