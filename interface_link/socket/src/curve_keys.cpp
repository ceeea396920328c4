#include "nakadachi/socket/curve_keys.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace nakadachi::socket {
namespace {

constexpr std::size_t kTextSize = 40;  // of a key in Z85
constexpr std::string_view kHead = "nakadachi curve key v1\npublic ";
constexpr std::string_view kMiddle = "\nsecret ";
constexpr std::string_view kTail = "\n";
constexpr std::size_t kFileSize =
    kHead.size() + kTextSize + kMiddle.size() + kTextSize + kTail.size();

/// Room for a key in Z85 with the zero that the library appends; wiped when dropped.
class KeyText {
 public:
  KeyText() = default;
  KeyText(const KeyText&) = delete;
  KeyText& operator=(const KeyText&) = delete;
  ~KeyText() { wipe(text_.data(), text_.size()); }
  char* data() noexcept { return text_.data(); }
  std::string_view view() const noexcept { return {text_.data(), kTextSize}; }

 private:
  std::array<char, kTextSize + 1> text_{};
};

/// An open file that is closed on every way out.
class File {
 public:
  explicit File(int fd) noexcept : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

Error file_problem(const std::string& path, std::string_view what) {
  return {.code = ErrorCode::kFileProblem, .detail = fmt::format("{}: {}", path, what)};
}

Error file_problem(const std::string& path, int error_number) {
  return file_problem(path, std::generic_category().message(error_number));
}

/// Decodes 40 characters; false when one of them does not belong to Z85.
bool decode(std::string_view text, std::span<std::uint8_t, 32> to) {
  KeyText copy;
  text.copy(copy.data(), kTextSize);
  if (copy.view().find('\0') != std::string_view::npos) return false;
  if (zmq_z85_decode(to.data(), copy.data()) == nullptr) return false;
  // The library lets groups pass whose value exceeds 32 bits; they encode differently.
  KeyText again;
  return zmq_z85_encode(again.data(), to.data(), to.size()) != nullptr &&
         again.view() == copy.view();
}

/// Whether nobody but its owner may touch a file. A credential of systemd's is root's, and an
/// access list that names us shows in its mode as reading by the group (0440).
bool is_private(const std::string& path, const struct stat& status) {
  const char* const credentials = std::getenv("CREDENTIALS_DIRECTORY");
  const bool credential = credentials != nullptr &&
                          path.starts_with(std::string(credentials) + "/") && status.st_uid == 0 &&
                          (status.st_mode & 0777U) == 0440U;
  return credential || (status.st_mode & 077U) == 0;
}

/// Reads the whole of a private file.
Result<SecretBytes> read_secret_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.fd() < 0) return file_problem(path, errno);
  struct stat status{};
  if (::fstat(file.fd(), &status) != 0) return file_problem(path, errno);
  if (!S_ISREG(status.st_mode)) return file_problem(path, "not a regular file");
  if (!is_private(path, status)) return file_problem(path, "others may read it; chmod 600");
  SecretBytes content(kFileSize + 1);
  std::size_t size = 0;
  while (size < content.size()) {
    const auto part = content.writable().subspan(size);
    const ssize_t got = ::read(file.fd(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_problem(path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size != kFileSize) return Error{.code = ErrorCode::kKeyFileDamaged, .detail = path};
  return SecretBytes(content.view().first(kFileSize));
}

Result<void> write_all(int fd, ByteView bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return file_problem(path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  if (::fsync(fd) != 0) return file_problem(path, errno);
  return {};
}

/// Makes the new name itself durable.
Result<void> sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.fd() < 0 || ::fsync(file.fd()) != 0) return file_problem(folder, errno);
  return {};
}

}  // namespace

std::string to_z85(const CurvePublicKey& key) {
  KeyText text;
  NAKADACHI_ASSERT(zmq_z85_encode(text.data(), key.view().data(), key.view().size()) != nullptr);
  return std::string(text.view());
}

Result<CurvePublicKey> curve_key_from_z85(std::string_view text) {
  constexpr std::string_view kField = "curve_key";
  if (text.size() != kTextSize) return Error{.code = ErrorCode::kWrongLength, .field = kField};
  CurvePublicKey key;
  if (!decode(text, key.writable())) return Error{.code = ErrorCode::kWrongFormat, .field = kField};
  return key;
}

CurveKeyPair CurveKeyPair::make() {
  KeyText public_text;
  KeyText secret_text;
  NAKADACHI_ASSERT(zmq_curve_keypair(public_text.data(), secret_text.data()) == 0);
  CurvePublicKey public_key;
  SecretBytes secret(CurvePublicKey::kSize);
  NAKADACHI_ASSERT(decode(public_text.view(), public_key.writable()));
  NAKADACHI_ASSERT(decode(secret_text.view(), secret.writable().first<CurvePublicKey::kSize>()));
  return {public_key, std::move(secret)};
}

Result<CurveKeyPair> CurveKeyPair::load(const std::string& path) {
  NAKADACHI_TRY(const SecretBytes content, read_secret_file(path));
  const Error damaged{.code = ErrorCode::kKeyFileDamaged, .detail = path};
  std::string_view rest = as_chars(content.view());
  const auto skip = [&rest](std::string_view expected) {
    const bool there = rest.substr(0, expected.size()) == expected;
    rest.remove_prefix(expected.size());
    return there;
  };
  if (!skip(kHead)) return damaged;
  CurvePublicKey public_key;
  if (!decode(rest.substr(0, kTextSize), public_key.writable())) return damaged;
  rest.remove_prefix(kTextSize);
  if (!skip(kMiddle)) return damaged;
  KeyText secret_text;
  rest.copy(secret_text.data(), kTextSize);
  rest.remove_prefix(kTextSize);
  SecretBytes secret(CurvePublicKey::kSize);
  if (!skip(kTail) ||
      !decode(secret_text.view(), secret.writable().first<CurvePublicKey::kSize>())) {
    return damaged;
  }
  KeyText derived;
  if (zmq_curve_public(derived.data(), secret_text.data()) != 0) return damaged;
  if (derived.view() != to_z85(public_key)) return damaged;
  return CurveKeyPair(public_key, std::move(secret));
}

Result<void> CurveKeyPair::save(const std::string& path) const {
  KeyText secret_text;
  NAKADACHI_ASSERT(zmq_z85_encode(secret_text.data(), secret_.view().data(), secret_.size()) !=
                   nullptr);
  SecretBytes content(kFileSize);
  const std::string public_text = to_z85(public_key_);
  std::size_t at = 0;
  for (const std::string_view part :
       {kHead, std::string_view(public_text), kMiddle, secret_text.view(), kTail}) {
    part.copy(reinterpret_cast<char*>(content.writable().data()) + at, part.size());
    at += part.size();
  }
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.fd() < 0) return file_problem(path, errno);
  auto written = write_all(file.fd(), content.view(), path);
  if (written) written = sync_folder_of(path);
  if (!written) ::unlink(path.c_str());
  return written;
}

}  // namespace nakadachi::socket
