/** Undo and redo over values that never change. */
export class History<T> {
  private readonly past: T[] = [];
  private future: T[] = [];
  private coalescing: string | null = null;

  constructor(private present: T) {}

  get value(): T {
    return this.present;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** A new value. Those of one `kind` that follow each other (letters of a word) are undone together. */
  set(value: T, kind: string | null = null): void {
    if (value === this.present) return;
    if (kind === null || kind !== this.coalescing) this.past.push(this.present);
    this.coalescing = kind;
    this.future = [];
    this.present = value;
  }

  undo(): T {
    const before = this.past.pop();
    if (before !== undefined) {
      this.future.push(this.present);
      this.present = before;
    }
    this.coalescing = null;
    return this.present;
  }

  redo(): T {
    const after = this.future.pop();
    if (after !== undefined) {
      this.past.push(this.present);
      this.present = after;
    }
    this.coalescing = null;
    return this.present;
  }
}
