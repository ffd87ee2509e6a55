#pragma once
#include <string>
#include <vector>

#include "runner/tools/describe/reference.h"

namespace lafs {

/// The pages of plugins of these names, or of all plugins of a kind; {KIND, NAME} is one plugin. Throws RecipeError for an unknown name.
std::vector<ReferencePage> chosen_pages(const std::vector<ReferencePage>& pages, const std::vector<std::string>& names);

/// One line for each page, under the title of its kind. To standard output, as the following.
void print_overview(const std::vector<ReferencePage>& pages);
void print_page(const ReferencePage& page);
void print_quirks(const std::vector<ReferencePage>& pages);

}  // namespace lafs
