# SPDX-License-Identifier: Apache-2.0
# The NDK's own toolchain file with what libtigress needs. ANDROID_NDK_HOME names the NDK;
# docs/porting.md describes the other requirements. Written from the documentation of CMake and the
# NDK; not run by our tests.
if(NOT DEFINED ENV{ANDROID_NDK_HOME})
    message(FATAL_ERROR "ANDROID_NDK_HOME does not name an Android NDK")
endif()
if(NOT DEFINED ANDROID_ABI)
    set(ANDROID_ABI arm64-v8a)
endif()
if(NOT DEFINED ANDROID_PLATFORM)
    set(ANDROID_PLATFORM android-28) # the first whose libc has getrandom()
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ANDROID_ABI ANDROID_PLATFORM)
include($ENV{ANDROID_NDK_HOME}/build/cmake/android.toolchain.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/below.cmake)
