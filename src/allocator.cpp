// How jemalloc is used, which stands in for the C library's allocator in posternd: a message needs
// and frees about 300 small pieces of memory, and with it costs a tenth less CPU time
// (docs/decisions/0006-allocator.md). jemalloc reads this before main().
//
// Huge pages, where the kernel lets programs ask for them: the directory of a large installation is
// read at random places, and the processor finds each the faster the fewer pages there are. Pieces
// of up to 64 kB, as the buffers of messages are, stay with their thread.

extern "C" const char* malloc_conf = "thp:always,tcache_max:65536";
