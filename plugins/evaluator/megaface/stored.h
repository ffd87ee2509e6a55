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

/// Throws Error where files would be written over those that are read, or two pictures have one file.
void check_store(const StoreOptions& options, const Given& given);

/// Writes facescrub/PERSON/FILE_ENDING and megaface/FOLDER/FOLDER/FILE_ENDING, the rows that are compared as fp32. Throws Error naming the
/// file that cannot be written.
void write_set(const StoreOptions& options, const Given& given, const SetRows& rows);

}  // namespace lafs::megaface
