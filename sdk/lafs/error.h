#pragma once
#include <stdexcept>
#include <string>

namespace lafs {

/// The one error a user is meant to read: a sentence in lower case without a full stop, values quoted.
/// What catches it on the way up may only add a position (`at`), never hide it.
class [[gnu::visibility("default")]] Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}

  /// `where` is "file:line:col", a plugin or an item ("image 12 \"a/b.jpg\""). The result reads "where: error: message".
  Error at(const std::string& where) const { return Error(where + ": error: " + what()); }
};

/// An error that starts with its place in a recipe: what catches it adds no other, and it is printed as it stands.
class [[gnu::visibility("default")]] PlacedError : public Error {
 public:
  explicit PlacedError(const std::string& message) : Error(message) {}
};

}  // namespace lafs
