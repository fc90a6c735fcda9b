# SPDX-License-Identifier: Apache-2.0
# CMake's own support for iOS with what libtigress needs; on a Mac with Xcode. docs/porting.md
# describes the other requirements. Written from CMake's documentation; not run by our tests.
set(CMAKE_SYSTEM_NAME iOS)
if(NOT DEFINED CMAKE_OSX_SYSROOT)
    set(CMAKE_OSX_SYSROOT iphoneos) # iphonesimulator for the simulator
endif()
if(NOT DEFINED CMAKE_OSX_ARCHITECTURES)
    set(CMAKE_OSX_ARCHITECTURES arm64)
endif()
if(NOT DEFINED CMAKE_OSX_DEPLOYMENT_TARGET)
    set(CMAKE_OSX_DEPLOYMENT_TARGET 14.0)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/below.cmake)
