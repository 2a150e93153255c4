/** Ask again and again while somebody looks at the page. */

const AFTER_A_FAULT_MS = 5_000;

/** Call `work` now and some time (ms) after it is done, again and again; while the page is hidden it rests. Returns what
 *  stops it. `work` says when to come again; what it throws is reported, and does not end it. */
export function follow(work: () => Promise<number>): () => void {
  let timer = 0;
  let over = false;
  let busy = false;
  const run = async (): Promise<void> => {
    clearTimeout(timer);
    if (busy || over) return;
    busy = true;
    let ms = AFTER_A_FAULT_MS;
    try {
      ms = await work();
    } catch (error) {
      reportError(error);
    }
    busy = false;
    if (!over && document.visibilityState === "visible") timer = window.setTimeout(() => void run(), ms);
  };
  const shown = (): void => {
    if (document.visibilityState === "visible") void run();
  };
  document.addEventListener("visibilitychange", shown);
  void run();
  return () => {
    over = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", shown);
  };
}
