// The token that stands for the person in front of the page around this frame. That page hands it over; the frame keeps
// it in this variable and nowhere else, so it needs no cookie and no storage, which browsers take from frames.

import { language, refusal, say } from "../script/dom.js";

const PATIENCE = 10_000; // milliseconds for the page around to find a token
const GREETING = 2_000; // and to hand over one that it has
const TOKEN = /^fe_[\w.-]{1,6000}$/; // not a key, which has no place in a page
const origins = new Set([location.origin, ...JSON.parse(document.getElementById("origins").textContent)]);
const framed = parent !== window;

let token = inAddress();
let wanted = null; // what is waited for, while the page around looks for a token
let known = false; // somebody was signed in once
let heard = () => {};

// Where only an address can be given, a token may stand behind its #, which is sent to no server. It does not stay there,
// and is good in a frame only: with a link, anybody could have somebody else ask under a name that is not theirs.
function inAddress() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return framed && TOKEN.test(found) ? found : null;
}

addEventListener("message", ({ source, origin, data }) => {
  if (!framed || source !== parent || !origins.has(origin)) return;
  if (data?.type === "footnote:token" && typeof data.token === "string" && TOKEN.test(data.token)) {
    token = data.token;
    wanted?.settle(true);
    heard();
  } else if (data?.type === "footnote:no-token") {
    wanted?.settle(false);
  }
});

// Tell the page around something; there is no secret in it, so whoever it is may hear.
export function tell(type) {
  if (framed) parent.postMessage({ type }, "*");
}

// Ask the page around for a token, once at a time; return whether it had one.
function want(type) {
  if (!framed) return Promise.resolve(false);
  if (wanted) return wanted.promise;
  let settle;
  const promise = new Promise((done) => (settle = done)).finally(() => (wanted = null));
  wanted = { promise, settle };
  setTimeout(settle, PATIENCE, false);
  tell(type);
  return promise;
}

// Say that this frame listens, and return whether a token came within a moment. `listener` is called for every one.
export async function greet(listener) {
  heard = listener;
  if (token) tell("footnote:ready");
  return !token && Promise.race([want("footnote:ready"), new Promise((done) => setTimeout(done, GREETING, false))]);
}

// Send a request with the token; where it has ended, with the next one. Without any, as whoever the browser knows.
export async function send(address, request) {
  const ask = () =>
    fetch(address, {
      ...request,
      credentials: token ? "omit" : "same-origin",
      headers: { ...request.headers, "accept-language": language, ...(token && { authorization: `Bearer ${token}` }) },
    });
  let response = await ask();
  if (response.status === 401 && (await want("footnote:token-wanted"))) response = await ask();
  if (response.status === 401) {
    const help = [say("sign_in_again"), heard];
    throw Object.assign(refusal(say(known ? "sign_in_ended" : "not_signed_in")), { help });
  }
  known ||= response.ok;
  return response;
}
