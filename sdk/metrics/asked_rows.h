#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/evaluator.h"
#include "lafs/input.h"
#include "metrics/row_source.h"

namespace lafs::metrics {

/// Embeddings of pictures that an evaluator asks for, and takes back as unit rows.
///
///     asked_ = {"bank", options.bank.make(assembly), adds_mirror(options.flip, assembly.input())};
///     std::vector<FeatureRequest> requests() const override { return {asked_.request()}; }
///     Metrics score(const Features& features) const override { ... nearest_rows(queries, asked_.rows(features), ...) ... }
struct AskedRows {
  std::string name;
  std::shared_ptr<const DataSource> source;
  bool mirrors = false;                                        ///< embeddings of picture and mirror are added, in fp64
  std::optional<std::vector<int64_t>> indices = std::nullopt;  ///< of the source; none: all of it

  FeatureRequest request() const { return {.name = name, .source = source, .indices = indices, .flip = mirrors ? "both" : "none"}; }
  int64_t size() const { return indices ? static_cast<int64_t>(indices->size()) : source->size(); }
  int64_t index(int64_t row) const { return indices ? (*indices)[static_cast<size_t>(row)] : row; }
  std::string key(int64_t row) const { return source->key(index(row)); }
  int64_t identity(int64_t row) const { return source->identity(index(row)); }
  std::vector<int64_t> identities() const;  ///< of each row
  /// Throws Error for another number of rows than was asked for, and for the first that is not finite, with its picture.
  FeatureMatrix matrix(const Features& features) const;
  UnitRows rows(const Features& features) const;  ///< valid as long as `features`
};

/// What an option `flip` of "contract", "sum" or "none" means for this model.
bool adds_mirror(const std::string& flip, const InputContract& contract);
/// The sentence that documents such an option.
inline constexpr std::string_view about_flip =
    "sum: embeddings of picture and mirror are added in double precision; contract: as the model's input contract says";

/// "cosine similarity, embeddings of picture and mirror added, pixels scaled as lafs": the end of a line that names a protocol.
std::string input_words(const InputContract& contract, bool mirrors);

/// The standard error of a share of `n` items, and of the mean of `values`: their population deviation divided by sqrt(n).
double share_error(double share, int64_t n);
double mean_error(std::span<const double> values);

/// Numbers in `to` of the people of `from`: by name where both sources have names, else by number. -1 for a person without pictures in one
/// of them.
std::vector<int64_t> people_in(const DataSource& from, const DataSource& to);

/// The same. Throws Error naming a person of `from` with pictures who is not in `to`; `from_name` and `to_name` say which sources these
/// are.
std::vector<int64_t> matched_people(const DataSource& from, std::string_view from_name, const DataSource& to, std::string_view to_name);

}  // namespace lafs::metrics
