// Server-sent events out of a response: EventSource could not send a token with its request.

// Yield { name, data } for each event of a stream of bytes. One that the stream breaks off in is no event.
// Source: HTML Living Standard, section 9.2.6, without "id" and "retry", which we send none of.
export async function* events(body) {
  let name = "";
  let data = [];
  for await (const line of lines(body)) {
    if (line === "") {
      if (data.length) yield { name: name || "message", data: data.join("\n") };
      name = "";
      data = [];
      continue;
    }
    const [, field, value] = line.match(/^([^:]*)(?:: ?)?(.*)$/s);
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }
}

// Yield each line that has ended: with CR, LF or both, wherever the pieces of the stream were cut.
async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) {
        if (rest.endsWith("\r")) yield rest.slice(0, -1);
        return;
      }
      const pieces = (rest + value).split(/\r\n|\n|\r(?!$)/); // a CR at the end may be half of a line end
      rest = pieces.pop();
      yield* pieces;
    }
  } finally {
    reader.cancel().catch(() => {}); // who reads no further wants no more of it
  }
}
