"use strict";
// Shows /openapi.json, and fills in the API key where the server offers one.

const note = document.getElementById("key");
const keyPath = document.body.dataset.keyPath;

async function fillInKey(ui) {
  // No other site can send this header without a preflight request, which is refused.
  const answer = await fetch(keyPath, { method: "POST", headers: { "X-Threadline-Docs": "1" } });
  if (!answer.ok) {
    note.textContent = "Press Authorize and paste an API key to try calls out.";
    return;
  }
  const { api_key: key, tenant } = await answer.json();
  ui.preauthorizeApiKey("bearer", key);
  note.textContent = `“Try it out” uses the API key of tenant ${tenant} on this machine.`;
}

const ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  onComplete: () => {
    if (keyPath) {
      fillInKey(ui).catch(() => {
        note.textContent = "The API key could not be fetched; press Authorize and paste one.";
      });
    }
  },
});
