// tus-js-client in Node: `tus_js.mjs FILE ENDPOINT TOKEN CHUNK_SIZE` prints the address of the finished upload.
import { createReadStream, statSync } from "node:fs";
import { Upload } from "tus-js-client";

const [file, endpoint, token, chunkSize] = process.argv.slice(2);
const upload = new Upload(createReadStream(file), {
  endpoint,
  chunkSize: Number(chunkSize),
  uploadSize: statSync(file).size,
  retryDelays: Array(20).fill(50),
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: "goal.mp4", filetype: "video/mp4" },
  onError(error) {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess() {
    console.log(upload.url);
  },
});
upload.start();
