#include "tests/support/postgres_proxy.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "nakadachi/base/random.hpp"

namespace nakadachi::testing {
namespace {

constexpr std::string_view kSocketName = "/.s.PGSQL.5432";

struct Address {
  sockaddr_un address{};
  socklen_t size = sizeof(sa_family_t);

  /// A path; where it begins with @, a name in Linux's abstract namespace, as libpq has it too.
  explicit Address(std::string path) {
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("socket path too long");
    if (path.starts_with('@')) path[0] = '\0';
    std::memcpy(address.sun_path, path.data(), path.size());
    size += static_cast<socklen_t>(path.size());
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

/// Leaves no file behind, whatever happens to the process.
std::string unique_directory() {
  SystemRandom random;
  return fmt::format("@nakadachi-test-{}-{:016x}", getpid(), random.next_u64());
}

bool send_all(int socket, std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = send(socket, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::uint32_t length_at(std::string_view data, std::size_t at) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    length = length << 8 | static_cast<std::uint8_t>(data[at + i]);
  }
  return length;
}

/// Cuts a stream of the frontend/backend protocol into messages.
class Framer {
 public:
  /// `untyped_first`: the client's start-up message has a length but no type.
  explicit Framer(bool untyped_first) : untyped_(untyped_first) {}
  void add(std::string_view data) { pending_.append(data); }
  std::optional<std::string> next() {
    const std::size_t type_bytes = untyped_ ? 0 : 1;
    if (pending_.size() < type_bytes + 4) return std::nullopt;
    const std::size_t size = type_bytes + length_at(pending_, type_bytes);
    if (pending_.size() < size) return std::nullopt;
    std::string message = pending_.substr(0, size);
    pending_.erase(0, size);
    untyped_ = false;
    return message;
  }

 private:
  std::string pending_;
  bool untyped_;
};

/// An ErrorResponse (E) or NoticeResponse (N) as a server sends it.
std::string server_says(char type, std::string_view severity, std::string_view sqlstate) {
  std::string fields;
  for (const auto& [code, text] : {std::pair<char, std::string_view>{'S', severity},
                                   {'V', severity},
                                   {'C', sqlstate},
                                   {'M', "said by a test"}}) {
    fields.push_back(code);
    fields.append(text).push_back('\0');
  }
  fields.push_back('\0');
  std::string message(1, type);
  for (std::size_t shift = 32; shift > 0; shift -= 8) {
    message.push_back(static_cast<char>((fields.size() + 4) >> (shift - 8) & 0xff));
  }
  return message + fields;
}

bool is_commit_reply(std::string_view message) {
  return message.starts_with('C') && message.substr(5).starts_with("COMMIT");
}

}  // namespace

/// One client's connection, with its own thread.
class PostgresProxy::Line {
 public:
  Line(PostgresProxy& proxy, int client)
      : proxy_(proxy), client_(client), server_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const Address address(proxy.server_path_);
    const bool up = connect(server_, address.get(), address.size) == 0;
    thread_ = std::thread([this, up] {
      while (up && pass_on()) {
      }
      cut();
    });
  }
  ~Line() {
    cut();
    thread_.join();
    close(client_);
    close(server_);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

 private:
  void cut() {
    shutdown(client_, SHUT_RDWR);
    shutdown(server_, SHUT_RDWR);
  }

  bool pass_on() {
    std::array<pollfd, 2> events = {{{.fd = client_, .events = POLLIN, .revents = 0},
                                     {.fd = server_, .events = POLLIN, .revents = 0}}};
    if (poll(events.data(), events.size(), -1) < 0) return errno == EINTR;
    std::array<char, 65536> buffer{};
    for (const bool from_client : {true, false}) {
      if (events[from_client ? 0 : 1].revents == 0) continue;
      const ssize_t got = recv(from_client ? client_ : server_, buffer.data(), buffer.size(), 0);
      if (got <= 0) return false;
      Framer& framer = from_client ? from_client_ : from_server_;
      framer.add({buffer.data(), static_cast<std::size_t>(got)});
      while (const auto message = framer.next()) {
        if (!(from_client ? to_server(*message) : to_client(*message))) return false;
      }
    }
    return true;
  }

  bool to_server(const std::string& message) {
    if (message[0] == 'Q' && proxy_.take_fault(Fault::kHoldQuery) && !proxy_.wait_for_release()) {
      return false;
    }
    if (message[0] == 'c') {
      if (proxy_.take_fault(Fault::kCutBeforeCopyDone)) return false;
      if (proxy_.take_fault(Fault::kHoldCopyDone) && !proxy_.wait_for_release()) return false;
      if (proxy_.take_fault(Fault::kCutAfterCopyDone)) {
        send_all(server_, message);
        return false;
      }
    }
    return send_within_bytes(message);
  }

  bool send_within_bytes(std::string_view message) {
    {
      const std::lock_guard lock(proxy_.mutex_);
      if (proxy_.bytes_left_ > message.size()) {
        proxy_.bytes_left_ -= message.size();
      } else if (proxy_.bytes_left_ > 0) {
        message = message.substr(0, proxy_.bytes_left_);
        proxy_.bytes_left_ = 0;
        send_all(server_, message);
        return false;
      }
    }
    return send_all(server_, message);
  }

  bool to_client(const std::string& message) {
    if (is_commit_reply(message)) {
      if (proxy_.take_fault(Fault::kCutBeforeCommitReply)) return false;
      if (proxy_.take_fault(Fault::kHoldCommitReply)) return proxy_.wait_for_release();
      if (proxy_.take_fault(Fault::kFatalForCommitReply)) {
        send_all(client_, server_says('E', "FATAL", "57P01"));
        return false;
      }
      if (proxy_.take_fault(Fault::kWarningBeforeCommitReply)) {
        return send_all(client_, server_says('N', "WARNING", "57014") + message);
      }
      if (proxy_.take_fault(Fault::kCutAfterCommitReply)) {
        send_all(client_, message);
        return false;
      }
    }
    return send_all(client_, message);
  }

  PostgresProxy& proxy_;
  int client_;
  int server_;
  Framer from_client_{true};
  Framer from_server_{false};
  std::thread thread_;
};

PostgresProxy::PostgresProxy(const std::string& server_directory)
    : directory_(unique_directory()),
      server_path_(server_directory + std::string(kSocketName)),
      listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const Address address(directory_ + std::string(kSocketName));
  if (bind(listener_, address.get(), address.size) != 0 || listen(listener_, 8) != 0) {
    throw std::runtime_error("proxy cannot listen");
  }
  acceptor_ = std::thread([this] { accept_lines(); });
}

PostgresProxy::~PostgresProxy() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  lines_.clear();
  close(listener_);
}

void PostgresProxy::accept_lines() {
  while (true) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0 && errno == EINTR) continue;
    if (client < 0) return;
    lines_.push_back(std::make_unique<Line>(*this, client));
  }
}

void PostgresProxy::arm(Fault fault) {
  const std::lock_guard lock(mutex_);
  armed_ = fault;
  released_ = false;
}

void PostgresProxy::cut_after_bytes(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  bytes_left_ = bytes;
}

void PostgresProxy::release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

bool PostgresProxy::take_fault(Fault fault) {
  const std::lock_guard lock(mutex_);
  if (armed_ != fault) return false;
  armed_ = Fault::kNone;
  return true;
}

bool PostgresProxy::wait_for_release() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return released_ || stopping_; });
  return !stopping_;
}

}  // namespace nakadachi::testing
