#include "tests/conformance/json_files.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace postern::conformance {
namespace {

boost::json::value parse(const std::string& text, const std::filesystem::path& file) {
  boost::system::error_code error;
  auto value = boost::json::parse(text, error);
  if (error) throw std::runtime_error(file.string() + ": " + error.message());
  return value;
}

/// What `program arguments…` writes to its standard output.
std::string output_of(std::vector<std::string> command) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);

  std::string output;
  char buffer[65536];
  while (error == 0) {
    const ssize_t size = read(ends[0], buffer, sizeof buffer);
    if (size <= 0) break;
    output.append(buffer, static_cast<std::size_t>(size));
  }
  close(ends[0]);
  int status = 0;
  if (error != 0 || waitpid(child, &status, 0) != child || status != 0)
    throw std::runtime_error("`" + command[0] + " " + command[1] + "` failed");
  return output;
}

}  // namespace

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) throw std::runtime_error(file.string() + " cannot be read");
  return text.str();
}

boost::json::value read_json(const std::filesystem::path& file) {
  return parse(read_file(file), file);
}

boost::json::array read_yaml(const std::filesystem::path& file) {
  const std::string script = POSTERN_SOURCE_DIR "/tests/conformance/yaml_to_json.py";
  return parse(output_of({"python3", script, file.string()}), file).as_array();
}

}  // namespace postern::conformance
