// Writes layout.html from layout.mjml. With --check, only says whether it is up to date.
import { readFile, writeFile } from "node:fs/promises";
import mjml2html from "mjml";

const source = new URL("layout.mjml", import.meta.url);
const target = new URL("layout.html", import.meta.url);

const { html, errors } = await mjml2html(await readFile(source, "utf8"), { validationLevel: "strict", keepComments: false });
if (errors.length > 0) throw new Error(errors.map((e) => e.formattedMessage).join("\n"));

const layout =
  "{{- /* Generated from layout.mjml by build.mjs (make templates). DO NOT EDIT. */ -}}\n" +
  html
    .replace(/\s+/g, " ")
    .replace(/> </g, "><")
    .replace(/" >/g, '">')
    // MJML knows one direction only: every left becomes the start of a line.
    .replaceAll('lang="en"', 'lang="{{.Lang}}"')
    .replaceAll('dir="ltr" style', 'dir="{{.Dir}}" style')
    .replaceAll('dir="ltr" xmlns', 'dir="{{.Dir}}" xmlns')
    .replaceAll("direction:ltr", "direction:{{.Dir}}")
    .replaceAll("text-align:left", "text-align:{{.Start}}")
    .replaceAll('align="left"', 'align="{{.Start}}"')
    .replaceAll("#1d4ed8", "{{.Color}}")
    .replaceAll("#60a5fa", "{{.DarkColor}}")
    .replaceAll('width="123"', 'width="{{.Logo.Width}}"')
    .replaceAll("width:123px", "width:{{.Logo.Width}}px")
    // SES must not rewrite a link that carries a code (SES developer guide, click tracking).
    .replaceAll("<a href", "<a ses:no-track href")
    // A mail program decides where a link opens.
    .replaceAll(' target="_blank"', "")
    .trim() +
  "\n";

if (process.argv.includes("--check")) {
  if (layout !== (await readFile(target, "utf8"))) {
    console.error("templates/layout.html is older than templates/layout.mjml: run make templates");
    process.exit(1);
  }
} else {
  await writeFile(target, layout);
}
