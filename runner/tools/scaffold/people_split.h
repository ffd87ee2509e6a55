#pragma once
#include <cstdint>
#include <string>

#include "lafs/data_source.h"

namespace lafs {

/// Of the people of a source, in its order, the first are trained on, and the others are verified.
struct PeopleSplit {
  int64_t people = 0;           ///< with two pictures or more, or with any where `alone` is 0
  int64_t alone = 0;            ///< people with a single picture, who are left out: they make no pair
  int64_t train = 0, test = 0;  ///< people
  int64_t train_pictures = 0;
  int64_t pairs = 0;  ///< to verify, of each kind
};

/// A fifth of the people are for the test, more where these do not make enough pairs. Throws Error naming `folder` where the source is too
/// small for both.
PeopleSplit split_people(const DataSource& source, const std::string& folder);

}  // namespace lafs
