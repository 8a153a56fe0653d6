// Reads a JSON list of Kubernetes objects from standard input and checks each against the schema of its kind; prints
// what is wrong, one line each. Kinds of operators are not known here.
const fs = require('fs');
const path = require('path');

function model(object) {
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
  const module = path.join('kubernetes-models', group, version);
  const kind = require(module)[object.kind];
  if (!kind) throw new Error(`no kind ${object.kind} in ${object.apiVersion}`);
  return kind;
}

for (const object of JSON.parse(fs.readFileSync(0, 'utf8'))) {
  try {
    new (model(object))(object).validate();
  } catch (problem) {
    console.log(`${object.kind} ${object.metadata.name}: ${problem.message}`);
  }
}
