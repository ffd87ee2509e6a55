#pragma once
#include <string>

#include "lafs/params.h"
#include "rows.h"

namespace lafs::megaface {

/// Feature files for MegaFace's development kit.
struct StoreOptions {
  Path write_to;

  void declare(Params& p);
};

/// Throws Error for options that would do nothing.
void check_effects(const SetOptions& set, const StoreOptions& store);

/// Throws Error for a folder that is written to and read from, or that lies in such a folder or around it, for feature files that would be
/// written as they are, and where two pictures have one file.
void check_store(const StoreOptions& options, const Given& given);

/// Writes facescrub/PERSON/FILE_ENDING and megaface/FOLDER/FOLDER/FILE_ENDING, the rows that are compared as fp32. Throws Error naming the
/// file that cannot be written.
void write_set(const StoreOptions& options, const Given& given, const SetRows& rows);

}  // namespace lafs::megaface
