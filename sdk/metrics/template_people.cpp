#include "metrics/template_people.h"

#include <numeric>
#include <vector>

namespace lafs::metrics {

namespace {

/// The first template of the chain that a template belongs to. Shortens the way for the next call.
uint32_t first_of(std::vector<uint32_t>& leads_to, uint32_t from) {
  while (leads_to[from] != from) {
    leads_to[from] = leads_to[leads_to[from]];
    from = leads_to[from];
  }
  return from;
}

}  // namespace

People people_of_templates(std::span<const uint32_t> first, std::span<const uint32_t> second, std::span<const uint8_t> genuine,
                           int64_t templates) {
  std::vector<uint32_t> leads_to(static_cast<size_t>(templates));
  std::iota(leads_to.begin(), leads_to.end(), 0U);
  for (size_t i = 0; i < genuine.size(); ++i)
    if (genuine[i]) leads_to[first_of(leads_to, first[i])] = first_of(leads_to, second[i]);
  People people;
  std::vector<int32_t> number(leads_to.size(), -1), person(leads_to.size());
  for (uint32_t t = 0; t < leads_to.size(); ++t) {
    int32_t& chain = number[first_of(leads_to, t)];
    if (chain < 0) chain = static_cast<int32_t>(people.count++);
    person[t] = chain;
  }
  people.first.reserve(first.size());
  people.second.reserve(second.size());
  for (const uint32_t t : first) people.first.push_back(person[t]);
  for (const uint32_t t : second) people.second.push_back(person[t]);
  return people;
}

}  // namespace lafs::metrics
