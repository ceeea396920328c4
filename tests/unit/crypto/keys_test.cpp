#include "nakadachi/crypto/keys.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::crypto::test {
namespace {

/// So cheap that hundreds can be tried; real costs differ in numbers only.
constexpr PassphraseCost kCheap{.memory_kib = 8, .iterations = 1, .threads = 1};

// Where fields of the key file stand.
constexpr std::size_t kMemory = 22;
constexpr std::size_t kIterations = 26;
constexpr std::size_t kThreads = 30;
constexpr std::size_t kSalt = 34;
constexpr std::size_t kSum = 110;
constexpr std::size_t kFileSize = 142;

// Of another implementation of docs/protocol/seals.md: passphrase "correct horse",
// root key 20 21 … 3f, 64 KiB, 2 iterations, 2 threads.
constexpr std::string_view kGoldenFile =
    "6e616b61646163686920726f6f74206b65792076310a000000400000000200000002000102030405060708090a0b"
    "0c0d0e0f101112131415161718191a1b6a758101ca4d5ba6c48628c8f7b23f80079f0f2dcb252ae04ddbe43074e0"
    "3910026cf633a33f64f4b521fa663ffed7e5686b56f4e91f03f5516f3d6282b0a1cb6866216187e10b0d8688e6ba"
    "3785982a";

// Wrapped under that root key for "tenant 131041 version 1": "a secret".
constexpr std::string_view kGoldenWrapped =
    "010102030405060708090a0b0c9e0f7e58babdebf7025f886b00c2b649911eeef71af8c232";
constexpr std::string_view kContext = "tenant 131041 version 1";

template <class T>
ErrorCode code_of(const Result<T>& result) {
  return result.ok() ? ErrorCode{} : result.error().code;
}

/// Two root keys are the same when one unwraps what the other wrapped.
bool is_same(const RootKey& a, const RootKey& b) {
  SeededRandom random(1);
  return b.unwrap(a.wrap(secret_of("probe"), "probe", random), "probe").ok();
}

/// The golden file with four bytes set and, as a forger would, the right sum.
Bytes golden_with(std::size_t at, std::uint32_t value) {
  Bytes bytes = hex(kGoldenFile);
  Bytes number;
  append_big_endian<4>(number, value);
  std::copy(number.begin(), number.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  bytes.resize(kSum);
  append(bytes, sha256({bytes}).view());
  return bytes;
}

TEST_CASE("a key file of another implementation opens") {
  const TempFolder folder;
  const auto path = write_file(folder.file("root.key"), hex(kGoldenFile));
  const auto opened = RootKey::open(path, secret_of("correct horse"));
  REQUIRE(opened.ok());
  CHECK(is_same(*opened, RootKey::from_bytes(SecretBytes(run(32, 32)))));
  const auto unwrapped = opened->unwrap(hex(kGoldenWrapped), kContext);
  CHECK(as_chars(unwrapped.value().view()) == "a secret");
}

TEST_CASE("a created key file is private, holds the key and is not overwritten") {
  const TempFolder folder;
  SeededRandom random(1);
  const std::string path = folder.file("root.key");
  const ::mode_t former = ::umask(0);
  const auto created = RootKey::create(path, secret_of("passphrase"), random, kCheap);
  ::umask(former);
  REQUIRE(created.ok());
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
  CHECK(status.st_size == kFileSize);
  const auto opened = RootKey::open(path, secret_of("passphrase"));
  REQUIRE(opened.ok());
  CHECK(is_same(*created, *opened));

  const Bytes before = read_all(path);
  CHECK(code_of(RootKey::create(path, secret_of("other"), random, kCheap)) ==
        ErrorCode::kFileProblem);
  CHECK(read_all(path) == before);
  const auto other =
      RootKey::create(folder.file("other.key"), secret_of("passphrase"), random, kCheap);
  CHECK_FALSE(is_same(*created, other.value()));
}

TEST_CASE("no key file is made without passphrase, folder or acceptable cost") {
  const TempFolder folder;
  SeededRandom random(1);
  const std::string path = folder.file("root.key");
  const auto create = [&](std::string_view passphrase, const PassphraseCost& cost) {
    return code_of(RootKey::create(path, secret_of(passphrase), random, cost));
  };
  CHECK(create("", kCheap) == ErrorCode::kWrongLength);
  const PassphraseCost refused[] = {{.memory_kib = 7, .iterations = 1, .threads = 1},
                                    {.memory_kib = 15, .iterations = 1, .threads = 2},
                                    {.memory_kib = 1024 * 1024 + 1, .iterations = 1, .threads = 1},
                                    {.memory_kib = 64, .iterations = 0, .threads = 1},
                                    {.memory_kib = 64, .iterations = 65, .threads = 1},
                                    {.memory_kib = 64, .iterations = 1, .threads = 0},
                                    {.memory_kib = 1024, .iterations = 1, .threads = 17}};
  for (const PassphraseCost& cost : refused) {
    CHECK(create("passphrase", cost) == ErrorCode::kWrongLength);
  }
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK(code_of(RootKey::create(folder.file("missing/root.key"), secret_of("p"), random, kCheap)) ==
        ErrorCode::kFileProblem);
}

// Sanitizers need the address space for themselves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a key file whose cost asks for more memory than there is cannot be made or opened") {
  const TempFolder folder;
  SeededRandom random(1);
  const auto path = write_file(folder.file("root.key"), golden_with(kMemory, 1024 * 1024));
  CHECK(holds_in_child([&] {
    const rlimit little{.rlim_cur = 512U << 20U, .rlim_max = 512U << 20U};
    if (::setrlimit(RLIMIT_AS, &little) != 0) return false;
    const PassphraseCost most{.memory_kib = 1024 * 1024, .iterations = 1, .threads = 1};
    const auto made = RootKey::create(folder.file("new.key"), secret_of("p"), random, most);
    return code_of(made) == ErrorCode::kFileProblem &&
           code_of(RootKey::open(path, secret_of("correct horse"))) == ErrorCode::kFileProblem;
  }));
  CHECK_FALSE(std::filesystem::exists(folder.file("new.key")));
}
#endif

TEST_CASE("a wrong passphrase and a missing file are told apart from damage") {
  const TempFolder folder;
  const auto path = write_file(folder.file("root.key"), hex(kGoldenFile));
  for (const std::string_view wrong : {"correct hors", "correct horse ", "Correct horse", ""}) {
    CHECK(code_of(RootKey::open(path, secret_of(wrong))) == ErrorCode::kWrongPassphrase);
  }
  CHECK(code_of(RootKey::open(folder.file("none"), secret_of("p"))) == ErrorCode::kFileProblem);
  CHECK(code_of(RootKey::open(folder.file(""), secret_of("p"))) == ErrorCode::kFileProblem);
}

TEST_CASE("a key file with any bit changed, cut or lengthened is damaged") {
  const TempFolder folder;
  const std::string path = folder.file("root.key");
  const Bytes golden = hex(kGoldenFile);
  REQUIRE(golden.size() == kFileSize);
  const auto code_with = [&](ByteView content) {
    return code_of(RootKey::open(write_file(path, content), secret_of("correct horse")));
  };
  for (std::size_t bit = 0; bit < 8 * golden.size(); ++bit) {
    Bytes changed = golden;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    REQUIRE(code_with(changed) == ErrorCode::kKeyFileDamaged);
  }
  for (std::size_t size = 0; size < golden.size(); ++size) {
    REQUIRE(code_with(ByteView(golden).first(size)) == ErrorCode::kKeyFileDamaged);
  }
  Bytes longer = golden;
  longer.push_back(0);
  CHECK(code_with(longer) == ErrorCode::kKeyFileDamaged);
}

TEST_CASE("a forged key file with a right check sum is refused, and its cost bounded") {
  const TempFolder folder;
  const std::string path = folder.file("root.key");
  const auto code_with = [&](const Bytes& content) {
    return code_of(RootKey::open(write_file(path, content), secret_of("correct horse")));
  };
  for (const std::uint32_t memory : {0U, 15U, 1024U * 1024U + 1U, 0xffffffffU}) {
    CHECK(code_with(golden_with(kMemory, memory)) == ErrorCode::kKeyFileDamaged);
  }
  for (const std::uint32_t iterations : {0U, 65U, 0xffffffffU}) {
    CHECK(code_with(golden_with(kIterations, iterations)) == ErrorCode::kKeyFileDamaged);
  }
  for (const std::uint32_t threads : {0U, 9U, 17U, 0xffffffffU}) {
    CHECK(code_with(golden_with(kThreads, threads)) == ErrorCode::kKeyFileDamaged);
  }
  CHECK(code_with(golden_with(0, 0)) == ErrorCode::kKeyFileDamaged);
  // A cost, salt, nonce or sealed key that could be one: the seal does not open.
  CHECK(code_with(golden_with(kMemory, 65)) == ErrorCode::kWrongPassphrase);
  CHECK(code_with(golden_with(kIterations, 1)) == ErrorCode::kWrongPassphrase);
  CHECK(code_with(golden_with(kThreads, 1)) == ErrorCode::kWrongPassphrase);
  for (std::size_t at = kSalt; at + 4 <= kSum; ++at) {
    REQUIRE(code_with(golden_with(at, 0xf0f1f2f3)) == ErrorCode::kWrongPassphrase);
  }
}

TEST_CASE("a credential is taken when it has exactly the size of a root key") {
  const TempFolder folder;
  const std::string path = folder.file("credential");
  for (const std::size_t size : {0U, 31U, 33U, 64U}) {
    write_file(path, Bytes(size, 7));
    CHECK(code_of(RootKey::from_credential(path)) == ErrorCode::kWrongLength);
  }
  write_file(path, Bytes(32, 7), 0440);
  const auto root = RootKey::from_credential(path);
  REQUIRE(root.ok());
  CHECK(is_same(*root, RootKey::from_bytes(filled_secret(7))));
  CHECK(code_of(RootKey::from_credential(folder.file("none"))) == ErrorCode::kFileProblem);
  CHECK(code_of(RootKey::from_credential(folder.file(""))) == ErrorCode::kFileProblem);
}

TEST_CASE("a wrapped key opens under its root key and for its purpose alone") {
  SeededRandom random(1);
  const RootKey root = RootKey::from_bytes(SecretBytes(run(32, 32)));
  const RootKey other = RootKey::from_bytes(filled_secret(1));
  const Bytes wrapped = root.wrap(secret_of("a secret"), kContext, random);
  CHECK(as_chars(root.unwrap(wrapped, kContext).value().view()) == "a secret");
  CHECK(wrapped != root.wrap(secret_of("a secret"), kContext, random));
  CHECK(root.unwrap(root.wrap({}, "empty", random), "empty").value().empty());

  CHECK(code_of(other.unwrap(wrapped, kContext)) == ErrorCode::kKeyUnavailable);
  CHECK(code_of(root.unwrap(wrapped, "tenant 131041 version 2")) == ErrorCode::kKeyUnavailable);
  CHECK(code_of(root.unwrap(wrapped, "")) == ErrorCode::kKeyUnavailable);
  for (std::size_t bit = 0; bit < 8 * wrapped.size(); ++bit) {
    Bytes changed = wrapped;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    REQUIRE(code_of(root.unwrap(changed, kContext)) == ErrorCode::kKeyUnavailable);
  }
  for (std::size_t size = 0; size < wrapped.size(); ++size) {
    REQUIRE(code_of(root.unwrap(ByteView(wrapped).first(size), kContext)) ==
            ErrorCode::kKeyUnavailable);
  }
}

TEST_CASE("a passphrase is the first line of its file") {
  const TempFolder folder;
  const auto passphrase = [&](std::string_view content) {
    return read_passphrase_file(write_file(folder.file("passphrase"), as_bytes(content)));
  };
  for (const std::string_view content : {"secret", "secret\n", "secret\r\n", "secret\nmore\n"}) {
    CHECK(as_chars(passphrase(content).value().view()) == "secret");
  }
  CHECK(as_chars(passphrase(" 合言葉 \n").value().view()) == " 合言葉 ");
  for (const std::string_view content : {"", "\n", "\r\n", "\nsecret\n"}) {
    CHECK(code_of(passphrase(content)) == ErrorCode::kWrongLength);
  }
  const std::string longest(4096, 'x');
  CHECK(as_chars(passphrase(longest + "\n").value().view()) == longest);
  CHECK(as_chars(passphrase(longest + "\r\n").value().view()) == longest);
  CHECK(code_of(passphrase(longest + "x\n")) == ErrorCode::kWrongLength);
  CHECK(code_of(passphrase(longest + "xxxxxxx")) == ErrorCode::kWrongLength);
}

TEST_CASE("a passphrase file that others may use, or that is none, is refused") {
  const TempFolder folder;
  const auto path = write_file(folder.file("passphrase"), as_bytes("secret\n"));
  for (const unsigned mode : {0644U, 0640U, 0604U, 0620U, 0601U, 0666U}) {
    REQUIRE(::chmod(path.c_str(), static_cast<::mode_t>(mode)) == 0);
    CHECK(code_of(read_passphrase_file(path)) == ErrorCode::kFileProblem);
  }
  for (const unsigned mode : {0600U, 0400U}) {
    REQUIRE(::chmod(path.c_str(), static_cast<::mode_t>(mode)) == 0);
    CHECK(read_passphrase_file(path).ok());
  }
  std::filesystem::create_symlink(path, folder.file("link"));
  CHECK(read_passphrase_file(folder.file("link")).ok());
  CHECK(code_of(read_passphrase_file(folder.file("none"))) == ErrorCode::kFileProblem);
  CHECK(code_of(read_passphrase_file(folder.file(""))) == ErrorCode::kFileProblem);
  // A named pipe is refused instead of waited for.
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK(code_of(read_passphrase_file(folder.file("pipe"))) == ErrorCode::kFileProblem);
  if (::geteuid() == 0) {  // only root can give a file away
    REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
    CHECK(code_of(read_passphrase_file(path)) == ErrorCode::kFileProblem);
  }
}

}  // namespace
}  // namespace nakadachi::crypto::test
