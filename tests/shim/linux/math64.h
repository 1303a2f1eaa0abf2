/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_MATH64_H
#define SHIM_MATH64_H

#define DIV_ROUND_UP_ULL(a, b)	(((a) + (b) - 1) / (b))

#endif
