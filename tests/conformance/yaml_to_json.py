"""Prints the documents of a YAML file as one JSON array. Dates and the like stay text."""
import json
import sys

import yaml

with open(sys.argv[1], encoding='utf-8') as file:
    json.dump([document for document in yaml.load_all(file, yaml.CSafeLoader) if document],
              sys.stdout, default=str)
