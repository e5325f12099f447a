// Prints "method path" for every operation in the `paths` of the types that openapi-typescript
// generated, as JSON: node list_operations.mjs threadline.d.ts. Runs where `typescript` is installed.
import { createRequire } from "node:module";
import { resolve } from "node:path";

const ts = createRequire(resolve("package.json"))("typescript");

const file = resolve(process.argv[2]);
const program = ts.createProgram([file], { strict: true });
const checker = program.getTypeChecker();
const paths = program
  .getSourceFile(file)
  .statements.find((statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === "paths");

const operations = [];
for (const path of checker.getTypeAtLocation(paths).getProperties()) {
  for (const method of checker.getTypeOfSymbol(path).getProperties()) {
    const type = checker.getNonNullableType(checker.getTypeOfSymbol(method));
    if (method.name !== "parameters" && !(type.flags & ts.TypeFlags.Never)) {
      operations.push(`${method.name} ${path.name}`);
    }
  }
}
console.log(JSON.stringify(operations.sort()));
