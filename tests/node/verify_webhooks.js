// Verifies webhooks with the package standardwebhooks: one JSON value {secret, headers, body} a line in, what came
// of it out.
const { Webhook } = require("standardwebhooks");

require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { secret, headers, body } = JSON.parse(line);
    let result;
    try {
      result = { payload: new Webhook(secret).verify(body, headers) };
    } catch (problem) {
      result = { problem: problem.message };
    }
    process.stdout.write(JSON.stringify(result) + "\n");
  });
