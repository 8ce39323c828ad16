// Loads the page again when templates, words or settings have changed.
const { version } = document.currentScript.dataset;
new EventSource(`/messages/changes?version=${version}`).addEventListener("message", () => location.reload());
