#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace lafs {

struct HttpRequest {
  std::string path;                                        ///< decoded: "/view/runs/a b/report.html"
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in the order of the address
};

struct HttpReply {
  int status = 200;
  std::string type = "text/html; charset=utf-8", body = {};
  int refresh_seconds = 0;  ///< after which the browser asks again; 0: it does not
};

/// The path and query of an address of a request: "/a%20b?x=1". A "+" of the query is a blank.
HttpRequest parsed_target(const std::string& target);

/// Answers GET and HEAD requests that come from this machine to 127.0.0.1:`port`, one after the other, until `stop` says so; it is asked
/// several times a second. `ready` is called with the port once requests are heard; for port 0 a free one is chosen. Other methods, and
/// requests that a page of another site makes under a name of its own, are refused. Throws Error for a port that cannot be had.
void serve_http(uint16_t port, const std::function<HttpReply(const HttpRequest&)>& reply, const std::function<void(uint16_t)>& ready,
                const std::function<bool()>& stop);

}  // namespace lafs
