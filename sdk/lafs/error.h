#pragma once
#include <exception>
#include <stdexcept>
#include <string>

namespace lafs {

class PlacedError;

/// The one error a user is meant to read: a sentence in lower case without a full stop, values quoted.
/// What catches it on the way up may only add to it, never hide it.
class [[gnu::visibility("default")]] Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}

  /// `place` is "file:line", "file:line:col" or an option of the command line. The result reads "place: error: message".
  PlacedError at(const std::string& place) const;
};

/// An error that starts with its place, where an editor can go. It is printed as it stands: let it pass, for a second place or a sentence
/// in front would hide the first.
class [[gnu::visibility("default")]] PlacedError : public Error {
 public:
  explicit PlacedError(const std::string& message) : Error(message) {}
  PlacedError at(const std::string& place) const = delete;
};

inline PlacedError Error::at(const std::string& place) const { return PlacedError(place + ": error: " + what()); }

/// What an exception says, without the native backtrace that torch puts behind its sentence.
inline std::string sentence_of(const std::exception& error) {
  std::string text = error.what();
  for (const char* backtrace : {"\nException raised from ", "\nframe #"}) text = text.substr(0, text.find(backtrace));
  return text;
}

}  // namespace lafs
