package pack

import "sync"

// maxWorkers bounds how much is worked on at once, and with it the memory that a pack of many files takes.
const maxWorkers = 8

// Each calls do for 0 to n-1, several at once, and returns when all are done. do must touch nothing but what belongs to its
// number, and reads what is shared: then the outcome depends on no order. The parser of HCL takes most of packctl's time,
// and files are parsed one by one without knowing of each other.
func Each(n int, do func(i int)) {
	if n < 2 {
		for i := range n {
			do(i)
		}
		return
	}
	next := make(chan int)
	var all sync.WaitGroup
	for range min(n, maxWorkers) {
		all.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}
