# SPDX-License-Identifier: Apache-2.0
# Where a cross build finds libcrypto: the prefix named by TIGRESS_BELOW (in the environment,
# because CMake reads a toolchain file more than once), and nothing of the machine that builds.
if(DEFINED ENV{TIGRESS_BELOW})
    set(ENV{PKG_CONFIG_PATH} "")
    set(ENV{PKG_CONFIG_SYSROOT_DIR} "")
    set(ENV{PKG_CONFIG_LIBDIR} $ENV{TIGRESS_BELOW}/lib/pkgconfig)
    list(APPEND CMAKE_FIND_ROOT_PATH $ENV{TIGRESS_BELOW})
endif()
