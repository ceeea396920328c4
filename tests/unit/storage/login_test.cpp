#include "nakadachi/storage/login.hpp"

#include "tests/support/catch.hpp"

using namespace nakadachi;

TEST_CASE("login: the servers that a connection string names") {
  using Servers = std::vector<std::string>;
  const auto servers = [](const std::string& login) {
    const auto told = storage::servers_of(login);
    REQUIRE(told.ok());
    return *told;
  };
  CHECK(servers("host=10.1.2.11 user=nakadachi_node") == Servers{"10.1.2.11:5432"});
  CHECK(servers("host=10.1.2.11 port=6000") == Servers{"10.1.2.11:6000"});
  CHECK(servers("host=db1,db2 port=6000,") == Servers{"db1:6000", "db2:5432"});
  CHECK(servers("host=db1,db2 port=6000") == Servers{"db1:6000", "db2:6000"});
  CHECK(servers("host=db1 hostaddr=10.1.2.11") == Servers{"10.1.2.11:5432"});
  CHECK(servers("hostaddr=fd00::1") == Servers{"[fd00::1]:5432"});
  CHECK(servers("postgresql://node@[fd00::1]:6000/nakadachi") == Servers{"[fd00::1]:6000"});
  CHECK(servers("host=/run/postgresql,10.1.2.11") == Servers{"10.1.2.11:5432"});
  CHECK(servers("host=10.9.9.9 hostaddr=") == Servers{"10.9.9.9:5432"});
  CHECK(servers("host=10.9.9.9,db hostaddr=,10.1.2.11") ==
        Servers{"10.9.9.9:5432", "10.1.2.11:5432"});
  CHECK_FALSE(storage::servers_of("service=elsewhere").ok());
  CHECK(servers("host=/run/postgresql user=nakadachi_node").empty());
  CHECK(servers("host=@abstract").empty());
  CHECK(servers("dbname=nakadachi").empty());
  const auto wrong = storage::servers_of("host");
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().field == "login");
  CHECK(wrong.error().detail.empty());
}
