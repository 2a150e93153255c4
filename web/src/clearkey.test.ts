import { describe, expect, it } from "vitest";
import { keyIdsRequest, withoutIdentity } from "./clearkey";

const SAMPLES = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="../keys/00",IV=0x01';
const LICENSED = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="data:;base64,AA==",KEYFORMAT="org.w3.clearkey"';

describe("withoutIdentity", () => {
  it("leaves the key that a licence gives", () => {
    const session = SAMPLES.replace("X-KEY", "X-SESSION-KEY").replace("AES,", "AES-CTR,");
    expect(withoutIdentity(["#EXTM3U", session, SAMPLES, LICENSED, "0.m4s"].join("\n"))).toBe(
      ["#EXTM3U", LICENSED, "0.m4s"].join("\n"),
    );
  });

  it("leaves keys of whole segments", () => {
    const playlist = '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="../keys/00"\n0.m4s\n';
    expect(withoutIdentity(playlist)).toBe(playlist);
  });
});

describe("keyIdsRequest", () => {
  it("names the key in base64url without padding", () => {
    const kid = Uint8Array.from([251, 255, 190, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    const asked = new TextDecoder().decode(keyIdsRequest(kid));
    expect(JSON.parse(asked)).toEqual({ kids: ["-_--AAAAAAAAAAAAAAAAAQ"] });
  });
});
