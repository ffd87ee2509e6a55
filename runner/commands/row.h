#pragma once
#include <string>
#include <vector>

#include "kernel/registry.h"
#include "kernel/row.h"

namespace lafs {

/// The stages a command is about: the one named, or all where `name` is empty. Throws RecipeError for a name that no stage has.
std::vector<const Stage*> chosen_stages(const Row& row, const std::string& name);

/// "FILE", or of a stage "FILE, stage NAME".
std::string title_of(const Row& row, const Stage& stage);

/// Throws Error when a stage whose weights this one takes is not finished; names its folder.
void require_inputs(const Row& row, const Stage& stage);

struct RowRequest {
  const Row& row;
  const Registry& registry;
  std::string only;                  ///< one stage; empty: all
  std::vector<std::string> command;  ///< argv, for the manifests
  bool quiet = false, json = false;
};

/// Runs what is left of a row, stage after stage, and prints and writes the results of all that are finished. Exit status.
int run_row(const RowRequest& request);

}  // namespace lafs
