//! A bounded queue that one thread fills and many connections empty.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::sync::Semaphore;

/// A bounded queue, first in, first out.
pub struct Queue<T> {
    waiting: Mutex<VecDeque<T>>,
    /// A permit for each element.
    ready: Semaphore,
    length_max: usize,
}

impl<T> Queue<T> {
    /// An empty queue that holds at most `length_max`.
    pub fn new(length_max: usize) -> Self {
        Self { waiting: Mutex::new(VecDeque::new()), ready: Semaphore::new(0), length_max }
    }

    /// Adds `element`; false if the queue is full, and the element is gone.
    pub fn push(&self, element: T) -> bool {
        let mut waiting = self.waiting.lock().expect("no holder panics");
        if waiting.len() >= self.length_max {
            return false;
        }
        waiting.push_back(element);
        drop(waiting);
        self.ready.add_permits(1);
        true
    }

    /// The first element; waits for one. `None` once the queue is closed and empty.
    pub async fn next(&self) -> Option<T> {
        if let Ok(permit) = self.ready.acquire().await {
            permit.forget();
        }
        self.waiting.lock().expect("no holder panics").pop_front()
    }

    /// Says that nothing more comes.
    pub fn close(&self) {
        self.ready.close();
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;

    #[tokio::test]
    async fn a_closed_queue_is_emptied_first() {
        let queue = Queue::new(2);
        assert!(queue.push(1));
        assert!(queue.push(2));
        assert!(!queue.push(3), "it is full");
        queue.close();
        assert_eq!(queue.next().await, Some(1));
        assert_eq!(queue.next().await, Some(2));
        assert_eq!(queue.next().await, None);
    }
}
