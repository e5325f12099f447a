/**
 * Records an interaction, reads the customer's context and history, and meets an error.
 *
 * Uses the types that openapi-typescript generates, as docs/how-to/generate-a-client.md describes.
 * THREADLINE_BASE_URL and THREADLINE_API_KEY say where and as whom it calls.
 */
import { randomUUID } from "node:crypto";

import createClient from "openapi-fetch";

import type { components, paths } from "./threadline.d.ts";

type InteractionRequest = components["schemas"]["InteractionRequest"];

const { THREADLINE_BASE_URL: baseUrl, THREADLINE_API_KEY: key } = process.env;
if (!baseUrl || !key) {
  throw new Error("set THREADLINE_BASE_URL and THREADLINE_API_KEY");
}
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });

/** Records a customer's question and returns the customer's id. */
async function recordQuestion(): Promise<string> {
  const question: InteractionRequest = {
    channel: "email",
    direction: "inbound",
    author: { type: "customer" },
    identifiers: [{ type: "email", value: `ada-${randomUUID()}@example.org` }],
    subject: "My order",
    text: "Where is my order?",
  };
  const { data, error } = await client.POST("/v1/interactions", {
    params: { header: { "Idempotency-Key": randomUUID() } },
    body: question,
  });
  if (!data?.customer_id) {
    throw new Error(`the question was not recorded: ${error?.detail}`);
  }
  console.log(`Recorded ${data.interaction_id} of customer ${data.customer_id}.`);
  return data.customer_id;
}

async function showContext(customerId: string): Promise<void> {
  const { data, error } = await client.GET("/v1/context/{customer_id}", {
    params: { path: { customer_id: customerId } },
  });
  if (error) {
    throw new Error(`there is no context: ${error.detail}`);
  }
  const texts = data?.interactions?.map((interaction) => interaction.text);
  if (texts?.join() !== "Where is my order?") {
    throw new Error(`the context does not show the question: ${texts}`);
  }
  console.log(`The context shows ${JSON.stringify(texts)}.`);
}

async function addNote(customerId: string): Promise<void> {
  const note: InteractionRequest = {
    channel: "email",
    kind: "note",
    direction: "internal",
    author: { type: "agent", name: "Grace" },
    customer_id: customerId,
    text: "Sent this morning.",
  };
  const { response, error } = await client.POST("/v1/interactions", { body: note });
  if (response.status !== 201) {
    throw new Error(`the note was not recorded: ${error?.detail}`);
  }
  console.log("Added a note.");
}

async function showTimeline(customerId: string): Promise<void> {
  const { data, error } = await client.GET("/v1/context/{customer_id}/timeline", {
    params: { path: { customer_id: customerId }, query: { limit: 10 } },
  });
  if (error) {
    throw new Error(`there is no timeline: ${error.detail}`);
  }
  const kinds = data.items.map((item) => item.kind).sort();
  if (kinds.join() !== "message,note") {
    throw new Error(`the timeline lacks something: ${kinds}`);
  }
  console.log(`The timeline shows a ${kinds.join(" and a ")}.`);
}

/** Sends what breaks a rule; the answer is a typed problem that points at the field. */
async function meetAnError(): Promise<void> {
  const { response, error } = await client.POST("/v1/interactions", {
    body: { channel: "Not a channel!", direction: "inbound", author: { type: "customer" } },
  });
  const pointers = error?.errors.map((each) => each.pointer) ?? [];
  if (response.status !== 422 || !pointers.includes("/channel")) {
    throw new Error(`the wrong channel was not refused: ${response.status} ${pointers}`);
  }
  console.log(`Refused as it should be: ${error?.detail} ${JSON.stringify(pointers)}`);
}

const customerId = await recordQuestion();
await showContext(customerId);
await addNote(customerId);
await showTimeline(customerId);
await meetAnError();
