/** One upload over tus: it survives a lost connection and a reload of the page, and can be cancelled. */
import * as tus from "tus-js-client";
import { bytes, remaining, titleOf } from "../format";
import type { Row } from "./row";

/** A request carries at most this much, so that a cut never costs more and a proxy's limit is not met. */
const REQUEST_BYTES = 32 * 1024 * 1024;

/** Upload a file, to be made by a profile ("": the editor's own); `arrived` makes the row as soon as the service has named the asset.
 *  With `replaced` the file becomes the source of that asset. */
export function startUpload(
  file: File,
  profile: string,
  arrived: (asset: string) => Promise<Row>,
  replaced = "",
): void {
  let row: Promise<Row> | null = null;
  const begun = performance.now();
  const upload = new tus.Upload(file, {
    endpoint: "/api/uploads",
    chunkSize: REQUEST_BYTES,
    retryDelays: [0, 500, 1000, 2000, 4000, 8000, 15_000],
    removeFingerprintOnSuccess: true,
    metadata: {
      filename: file.name,
      filetype: file.type || "application/octet-stream",
      title: titleOf(file.name),
      ...(profile ? { profile } : {}),
      ...(replaced ? { asset: replaced } : {}),
    },
    onAfterResponse: (_, answer) => {
      const asset = answer.getHeader("Channel-Asset-Id");
      if (asset && !row) {
        row = arrived(asset);
        void row.then((it) =>
          it.uploading(0, `0 of ${bytes(file.size)}`, () => {
            void upload.abort(true);
            it.stopped("The upload was cancelled.");
          }),
        );
      }
    },
    onProgress: (sent, total) => {
      const left = ((performance.now() - begun) / 1000 / Math.max(sent, 1)) * (total - sent);
      void row?.then((it) =>
        it.uploading(sent / total, `${bytes(sent)} of ${bytes(total)}, ${remaining(left)} left`),
      );
    },
    onSuccess: () => void row?.then((it) => it.uploaded()),
    onError: (error) => {
      const said = error instanceof tus.DetailedError ? reason(error) : error.message;
      if (row) void row.then((it) => it.stopped(`${said} Drop the file again to go on where it stopped.`));
      else window.alert(`${file.name}: ${said}`);
    },
  });
  void upload.findPreviousUploads().then((earlier) => {
    if (earlier[0]) upload.resumeFromPreviousUpload(earlier[0]);
    upload.start();
  });
}

function reason(error: tus.DetailedError): string {
  try {
    const problem = JSON.parse(error.originalResponse?.getBody() ?? "") as {
      detail?: string;
      title?: string;
    };
    return problem.detail || problem.title || error.message;
  } catch {
    return "The connection was lost.";
  }
}
