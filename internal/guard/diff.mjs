// Reads pairs of templates, [[deployed, next], …], as JSON from standard input, and writes for each
// pair what CloudFormation would do: [{id, type, impact, properties}, …]. package guard runs it in
// the folder that has node_modules.
import { readFileSync } from "node:fs";
import diff from "@aws-cdk/cloudformation-diff";

const replaces = (impact) => impact === "WILL_REPLACE" || impact === "MAY_REPLACE";

const changes = ([deployed, next]) => {
  const found = [];
  diff.fullDiff(deployed, next).resources.forEachDifference((id, change) => {
    const updates = Object.entries(change.propertyUpdates);
    found.push({
      id, impact: change.changeImpact, type: change.oldResourceType ?? change.newResourceType,
      properties: updates.filter(([, update]) => replaces(update.changeImpact)).map(([name]) => name),
    });
  });
  return found;
};

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(changes)));
