// Reading the files of the suites.
#pragma once

#include <boost/json/value.hpp>
#include <filesystem>
#include <string>

namespace postern::conformance {

/// Both throw std::runtime_error with the file's name; main tells it.
std::string read_file(const std::filesystem::path& file);
boost::json::value read_json(const std::filesystem::path& file);

/// The documents of a YAML file as an array, converted by yaml_to_json.py.
boost::json::array read_yaml(const std::filesystem::path& file);

}  // namespace postern::conformance
