#include "runner/tools/report/http_server.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string_view>

#include <fmt/format.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "lafs/error.h"

namespace lafs {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::use_awaitable;
using asio::ip::tcp;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using Replier = std::function<HttpReply(const HttpRequest&)>;

int hex_digit(char c) {
  const std::string_view digits = "0123456789abcdef";
  const size_t at = digits.find(static_cast<char>(c | 0x20));
  return c >= '0' && at != std::string_view::npos ? static_cast<int>(at) : -1;
}

std::string decoded(std::string_view text, bool query) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1, low = high < 0 ? -1 : hex_digit(text[i + 2]);
    out += low >= 0 ? static_cast<char>(16 * high + low) : query && text[i] == '+' ? ' ' : text[i];
    if (low >= 0) i += 2;
  }
  return out;
}

/// A page of another site can lead its own name to this machine, and would read the answers: its requests carry that name.
bool is_own_host(std::string_view host) {
  const std::string_view name = host.substr(0, host.rfind(':'));
  return name == "127.0.0.1" || name == "localhost";
}

HttpReply safe_reply(const http::request<http::empty_body>& request, const Replier& reply) {
  const auto text = [](int status, const std::string& words) { return HttpReply{status, "text/plain; charset=utf-8", words + "\n"}; };
  if (request.method() != http::verb::get && request.method() != http::verb::head) return text(405, "only GET is answered");
  if (!is_own_host(std::string_view(request[http::field::host]))) return text(403, "this server answers as 127.0.0.1 and localhost only");
  try {
    return reply(parsed_target(std::string(request.target())));
  } catch (const std::exception& error) {
    return text(500, error.what());
  }
}

http::response<http::string_body> response_to(const http::request<http::empty_body>& request, HttpReply reply) {
  http::response<http::string_body> response{static_cast<http::status>(reply.status), request.version()};
  response.set(http::field::content_type, reply.type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  if (reply.refresh_seconds > 0) response.set("Refresh", std::to_string(reply.refresh_seconds));
  response.keep_alive(request.keep_alive());
  const size_t size = reply.body.size();
  if (request.method() != http::verb::head) response.body() = std::move(reply.body);
  response.content_length(size);
  return response;
}

/// One connection of a browser, over which it asks for one thing after the other.
asio::awaitable<void> talk(tcp::socket socket, const Replier& reply) {
  beast::tcp_stream stream(std::move(socket));
  beast::flat_buffer buffer(16384);
  boost::system::error_code failure;
  for (bool open = true; open;) {
    stream.expires_after(30s);
    http::request<http::empty_body> request;
    co_await http::async_read(stream, buffer, request, asio::redirect_error(use_awaitable, failure));
    if (failure) co_return;
    auto response = response_to(request, safe_reply(request, reply));
    stream.expires_after(30s);
    co_await http::async_write(stream, response, asio::redirect_error(use_awaitable, failure));
    open = !failure && response.keep_alive();
  }
  stream.socket().shutdown(tcp::socket::shutdown_send, failure);
}

asio::awaitable<void> listen(tcp::acceptor& acceptor, const Replier& reply) {
  for (boost::system::error_code failure;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(use_awaitable, failure));
    if (failure == asio::error::operation_aborted) co_return;
    if (!failure) asio::co_spawn(acceptor.get_executor(), talk(std::move(socket), reply), asio::detached);
  }
}

tcp::acceptor opened(asio::io_context& context, uint16_t port) {
  try {
    return tcp::acceptor(context, {asio::ip::address_v4::loopback(), port});
  } catch (const boost::system::system_error& error) {
    const bool taken = error.code() == asio::error::address_in_use;
    throw Error(fmt::format("cannot listen on port {}: {}; give another --port, or 0 for any that is free", port,
                            taken ? "another program does" : error.code().message()));
  }
}

}  // namespace

HttpRequest parsed_target(const std::string& target) {
  const size_t question = std::min(target.find('?'), target.size());
  HttpRequest request{decoded(std::string_view(target).substr(0, question), false), {}};
  for (size_t start = question + 1; start < target.size();) {
    const size_t end = std::min(target.find('&', start), target.size());
    const std::string_view item = std::string_view(target).substr(start, end - start);
    const size_t sign = std::min(item.find('='), item.size());
    request.query.emplace_back(decoded(item.substr(0, sign), true), decoded(item.substr(std::min(sign + 1, item.size())), true));
    start = end + 1;
  }
  return request;
}

void serve_http(uint16_t port, const Replier& reply, const std::function<void(uint16_t)>& ready, const std::function<bool()>& stop) {
  asio::io_context context(1);
  tcp::acceptor acceptor = opened(context, port);
  asio::co_spawn(context, listen(acceptor, reply), asio::detached);
  ready(acceptor.local_endpoint().port());
  while (!stop()) context.run_for(100ms);
}

}  // namespace lafs
