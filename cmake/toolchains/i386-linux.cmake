# SPDX-License-Identifier: Apache-2.0
# 32 bit x86 on a 64 bit Debian: gcc-multilib, and libssl-dev, libjansson-dev (and for the tests
# libcmocka-dev) of i386, either installed together with those of amd64 or unpacked in I386_SYSROOT (given in the
# environment, because CMake reads this file more than once). scripts/check_portability does all this.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_C_COMPILER gcc)
set(CMAKE_C_FLAGS_INIT -m32)
set(CMAKE_LIBRARY_ARCHITECTURE i386-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR "/usr/bin/env") # the kernel runs what is built

set(ENV{PKG_CONFIG_PATH} "")
if(DEFINED ENV{I386_SYSROOT})
    set(ENV{PKG_CONFIG_SYSROOT_DIR} $ENV{I386_SYSROOT})
    set(CMAKE_FIND_ROOT_PATH $ENV{I386_SYSROOT})
    set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
    set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
    # OpenSSL has one separate header for each architecture.
    string(APPEND CMAKE_C_FLAGS_INIT " -isystem $ENV{I386_SYSROOT}/usr/include/i386-linux-gnu")
endif()
set(ENV{PKG_CONFIG_LIBDIR} $ENV{I386_SYSROOT}/usr/lib/i386-linux-gnu/pkgconfig)
