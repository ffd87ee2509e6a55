#pragma once
#include "lafs/registrar.h"
#ifndef LAFS_STAMP_APART
#include "lafs/stamp.h"
#endif

#define LAFS_EXPORT extern "C" __attribute__((visibility("default")))

/// The stamp: data in a section of its own, read from the file before the library is opened.
#define LAFS_STAMP LAFS_EXPORT __attribute__((used, section(".lafs_stamp"))) constexpr lafs::Stamp lafs_stamp = lafs::this_build();

/// LAFS_STAMP_APART: the stamp is linked from an object of its own, so that a source need not be compiled again for each change of a header
/// that it does not include (cmake/stamp.cpp).
#ifdef LAFS_STAMP_APART
#define LAFS_STAMP_HERE
#else
#define LAFS_STAMP_HERE LAFS_STAMP
#endif

/// Ends a plugin's source: LAFS_PLUGIN(registrar) { registrar.add<Dino>("dino", "..."); }
#define LAFS_PLUGIN(registrar)                              \
  LAFS_STAMP_HERE                                           \
  LAFS_EXPORT void lafs_plugin(lafs::Registrar& registrar); \
  void lafs_plugin(lafs::Registrar& registrar)
