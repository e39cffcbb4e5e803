/* SPDX-License-Identifier: MIT */
/*
 * Work is what the process has had of the CPUs, so nothing needs to be counted
 * anywhere else, and reading counts as much as writing.
 */
#include "base/rest.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    LOOK_MS = 1000,
    REST_PARTS = 20,     /* at rest: less than one part in so many of a CPU */
    WORTH_US = 10 * 1000 /* of work, before it is worth looking for what was left behind */
};

bool rest_begins(struct rest_watch *watch, int64_t mono_ms, int64_t cpu_us)
{
    int64_t passed_ms = mono_ms - watch->looked_ms;
    int64_t worked_us = cpu_us - watch->looked_cpu_us;

    if (passed_ms < LOOK_MS)
        return false;
    watch->looked_ms = mono_ms;
    watch->looked_cpu_us = cpu_us;
    if (worked_us > passed_ms * 1000 / REST_PARTS || cpu_us - watch->settled_cpu_us < WORTH_US)
        return false;
    watch->settled_cpu_us = cpu_us;
    return true;
}

/*
 * Code that was not made to lie anywhere is corrected by the loader where it lies, in segments that
 * nobody may write to otherwise, and is not in the file as it is in memory.
 */
static bool is_corrected(const struct dl_phdr_info *object, const ElfW(Phdr) * segment)
{
    const ElfW(Dyn) *entry = (const void *)(object->dlpi_addr + segment->p_vaddr);

    for (; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_TEXTREL ||
            (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
            return true;
    return false;
}

static bool is_as_in_its_file(const struct dl_phdr_info *object)
{
    for (size_t i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_DYNAMIC &&
            is_corrected(object, &object->dlpi_phdr[i]))
            return false;
    return true;
}

/*
 * Segments that nobody may write to, so that every page of them is as it is in the file: the next
 * one who needs it finds it again there. What the loader has relocated is in others (PT_GNU_RELRO).
 */
static int unmap_program(struct dl_phdr_info *object, size_t size, void *page)
{
    (void)size;
    if (!is_as_in_its_file(object))
        return 0;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t begin = object->dlpi_addr + segment->p_vaddr, end = begin + segment->p_memsz;
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
            continue;
        begin -= begin % *(const uintptr_t *)page;
        (void)madvise((void *)begin, end - begin, MADV_DONTNEED); /* kept, then */
    }
    return 0;
}

void rest_give_back(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

#ifdef __GLIBC__
    malloc_trim(0);
#endif
    dl_iterate_phdr(unmap_program, &page);
}
