/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/export.h - macros that mark the functions which the shared libraries export
 */
#ifndef TIGRESS_EXPORT_H
#define TIGRESS_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#define TIGRESS_API __attribute__((visibility("default")))
#define TIGRESS_NODISCARD __attribute__((warn_unused_result))
#else
#define TIGRESS_API
#define TIGRESS_NODISCARD
#endif

#endif
