/*
 * What RoundTrip does, with the bare system calls: a message of 256 bytes goes over a pair of stream
 * sockets with its sender's credentials and one descriptor, and the same comes back. Whoever
 * receives looks at the credentials and closes the descriptor. Reads a line, makes its round trips,
 * prints "done", and ends with its input.
 *
 *     roundtrip COUNT              both ends, by turns
 *     roundtrip COUNT SOCKET       asks at this descriptor
 *     roundtrip answer SOCKET      answers until the stream ends
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MESSAGE_SIZE 256
#define READ_SIZE 4096

/* What the kernel can deliver at once: SCM_CREDENTIALS, SCM_SECURITY, SCM_PIDFD, SCM_RIGHTS. */
#define SCM_MAX_FD 253
#define CONTROL_SIZE                                                                               \
	(CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(4096) + CMSG_SPACE(sizeof(int)) +           \
	 CMSG_SPACE(SCM_MAX_FD * sizeof(int)))

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void refuse(const char *what)
{
	fprintf(stderr, "roundtrip: %s\n", what);
	exit(1);
}

static size_t send_message(int socket, const void *bytes, size_t count, const struct ucred *claim,
			   int descriptor)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec vector = { .iov_base = (void *)bytes, .iov_len = count };
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	struct cmsghdr *item = CMSG_FIRSTHDR(&message);
	ssize_t sent;

	memset(&control, 0, sizeof control);
	item->cmsg_level = SOL_SOCKET;
	item->cmsg_type = SCM_CREDENTIALS;
	item->cmsg_len = CMSG_LEN(sizeof *claim);
	memcpy(CMSG_DATA(item), claim, sizeof *claim);
	item = CMSG_NXTHDR(&message, item);
	item->cmsg_level = SOL_SOCKET;
	item->cmsg_type = SCM_RIGHTS;
	item->cmsg_len = CMSG_LEN(sizeof descriptor);
	memcpy(CMSG_DATA(item), &descriptor, sizeof descriptor);
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent == -1 && errno == EINTR);
	if (sent == -1)
		fail("sendmsg");
	return sent;
}

/* Closes every descriptor that came. Returns how many those were. */
static size_t close_rights(const struct cmsghdr *item)
{
	size_t closed = 0;
	for (size_t slot = 0; slot < (item->cmsg_len - CMSG_LEN(0)) / sizeof(int); slot++) {
		int descriptor;
		memcpy(&descriptor, CMSG_DATA(item) + slot * sizeof(int), sizeof descriptor);
		if (descriptor < 0)
			continue;
		close(descriptor);
		closed++;
	}
	return closed;
}

/* Returns how many bytes came, 0 where the stream has ended; leaves the sender in `from`. */
static size_t receive_message(int socket, void *bytes, size_t limit, struct ucred *from)
{
	union {
		struct cmsghdr align;
		char bytes[CONTROL_SIZE];
	} control;
	struct iovec vector = { .iov_base = bytes, .iov_len = limit };
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	size_t senders = 0, descriptors = 0;
	ssize_t received;

	do
		received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (received == -1 && errno == EINTR);
	if (received == -1)
		fail("recvmsg");
	for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item;
	     item = CMSG_NXTHDR(&message, item)) {
		if (item->cmsg_level != SOL_SOCKET)
			continue;
		if (item->cmsg_type == SCM_RIGHTS)
			descriptors += close_rights(item);
		if (item->cmsg_type == SCM_CREDENTIALS && item->cmsg_len == CMSG_LEN(sizeof *from)) {
			memcpy(from, CMSG_DATA(item), sizeof *from);
			senders++;
		}
	}
	if (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC))
		refuse("something was cut off");
	if (received > 0 && (senders != 1 || descriptors != 1))
		refuse("a message did not come with one sender and one descriptor");
	return received;
}

static struct ucred own;
static int null;

static void ask(int socket)
{
	static const uint8_t message[MESSAGE_SIZE];

	if (send_message(socket, message, sizeof message, &own, null) != sizeof message)
		refuse("a message did not go at once");
}

/* Returns 0 where the stream has ended. */
static int hear(int socket)
{
	static uint8_t buffer[READ_SIZE];
	struct ucred sender;
	size_t count = receive_message(socket, buffer, sizeof buffer, &sender);

	if (count == 0)
		return 0;
	if (count != MESSAGE_SIZE)
		refuse("a message did not come at once");
	if (sender.uid != own.uid || sender.gid != own.gid)
		refuse("a message came from another user");
	return 1;
}

static void pass_credentials(int socket)
{
	int on = 1;

	if (setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == -1)
		fail("setsockopt");
}

static void measure(long count, int asking, int answering)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	puts("ready");
	while (getchar() == '\n') {
		for (long trip = 0; trip < count; trip++) {
			ask(asking);
			if (answering != -1) {
				hear(answering);
				ask(answering);
			}
			hear(asking);
		}
		puts("done");
	}
}

int main(int argc, char **argv)
{
	int pair[2] = { -1, -1 };

	if (argc < 2)
		return 64;
	own = (struct ucred){ .pid = getpid(), .uid = getuid(), .gid = getgid() };
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null == -1)
		fail("/dev/null");
	if (argc > 2)
		pair[0] = atoi(argv[2]);
	else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		fail("socketpair");
	for (int end = 0; end < 2 && pair[end] != -1; end++)
		pass_credentials(pair[end]);
	if (strcmp(argv[1], "answer") != 0)
		measure(atol(argv[1]), pair[0], pair[1]);
	else
		while (hear(pair[0]))
			ask(pair[0]);
	return 0;
}
