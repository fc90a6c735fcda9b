# SPDX-License-Identifier: Apache-2.0
# Compile and link flags that make a memory error harder to exploit.
add_library(tg_hardening INTERFACE)
target_compile_options(tg_hardening INTERFACE
    -fstack-protector-strong -fno-strict-overflow -fno-delete-null-pointer-checks
    -fno-strict-aliasing -Werror=format-security -Werror=implicit -Werror=int-conversion)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|i[3-6]86|AMD64")
    target_compile_options(tg_hardening INTERFACE -fcf-protection=full -fstack-clash-protection)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(tg_hardening INTERFACE
        -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr)
endif()
# Fortify needs optimisation, and hides errors from the sanitizers.
if(NOT TIGRESS_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(tg_hardening INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(NOT APPLE) # whose linker does not support these
    target_link_options(tg_hardening INTERFACE
        -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
endif()

# Executables only: a shared library has its own way to be position independent.
add_library(tg_hardening_exe INTERFACE)
target_link_options(tg_hardening_exe INTERFACE -pie)
