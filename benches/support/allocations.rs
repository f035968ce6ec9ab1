//! An allocator that counts, thread by thread, and otherwise is the system's.
//!
//! The one file with `unsafe`: Rust has no safe way to see allocations.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<i64> = const { Cell::new(0) };
}

/// Bytes that this thread has taken from the heap and not given back, as asked for: without what the system's
/// allocator keeps beside each block.
pub fn held() -> i64 {
    HELD.get()
}

/// What some work took from the heap. A block that grows counts again, with what it grew to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allocations {
    /// How many times.
    pub count: u64,
    /// How much.
    pub bytes: u64,
}

impl Allocations {
    /// Adds what this thread allocates while `work` runs.
    pub fn add<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (count, bytes) = (COUNT.get(), BYTES.get());
        let done = work();
        self.count += COUNT.get() - count;
        self.bytes += BYTES.get() - bytes;
        done
    }
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn counted(bytes: usize) {
    COUNT.set(COUNT.get() + 1);
    BYTES.set(BYTES.get() + bytes as u64);
    HELD.set(HELD.get().wrapping_add_unsigned(bytes as u64));
}

fn given_back(bytes: usize) {
    HELD.set(HELD.get().wrapping_sub_unsigned(bytes as u64));
}

#[expect(unsafe_code, reason = "GlobalAlloc is an unsafe trait; every call goes to the system as it came")]
// SAFETY: each method hands its arguments to the system's allocator unchanged and returns its answer. The
// counters are constants at first and have no destructor, so that counting never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        counted(layout.size());
        // SAFETY: the caller's promise for `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        counted(layout.size());
        // SAFETY: the caller's promise for `layout` is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        counted(size);
        given_back(layout.size());
        // SAFETY: the caller's promises for `block`, `layout` and `size` are passed on.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        given_back(layout.size());
        // SAFETY: the caller's promises for `block` and `layout` are passed on.
        unsafe { System.dealloc(block, layout) }
    }
}
